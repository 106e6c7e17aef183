"""A generated company that sells to other companies, with what drives its customers planted and known."""
