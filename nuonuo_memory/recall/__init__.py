"""The reading side: from questions to memories."""
