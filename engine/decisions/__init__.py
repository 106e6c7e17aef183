"""What people decided on cases, what the stores answered, and what tomorrow learns from it."""
