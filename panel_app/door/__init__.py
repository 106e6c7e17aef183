"""The door: who is let in, by what they show, and what every answer says of itself to the browser."""
