"""What a machine can keep of the floor plan and the house rules."""
