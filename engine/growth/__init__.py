"""The growth desk: what may grow, and by how much, within hard caps."""
