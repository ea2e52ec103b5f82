"""What people would use instead: one adapter each, run in environments of their own.

Nothing here is imported by the product, and but for `nuonuo.py` nothing here imports the product:
a worker runs with one system, the embedder, and what that system needs.
"""
