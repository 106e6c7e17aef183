"""The shelf desk: finds dark shelves every night, says what they cost, why, and what to do."""
