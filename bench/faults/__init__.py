"""What ordinary data faults do to a night: each one planted into a plain chain, told beside the plain night."""
