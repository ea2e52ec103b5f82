"""Research mechanisms and their parts; nothing of the product imports them."""
