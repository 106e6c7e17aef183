"""Steps 9, 10 and 11 where nobody else supplies them: default producers of what Step 12 is given."""
