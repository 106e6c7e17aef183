"""What each input table promises: columns, kinds and the rules its rows obey."""
