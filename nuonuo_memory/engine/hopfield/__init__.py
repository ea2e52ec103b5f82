"""The modern Hopfield network: its update, its theory, its margins."""
