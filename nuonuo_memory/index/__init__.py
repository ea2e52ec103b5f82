"""A store's contents as columns, made from the store and thrown away at will."""
