"""One spelling each: what every desk says alike, then the words of each desk in a file of its own."""
