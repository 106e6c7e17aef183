"""What is decided on the candidates of a scaling."""
