"""What a run folder holds: written by the desks, read by the doors."""
