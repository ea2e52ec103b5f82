"""The writing side: from what a caller gives to one transaction."""
