"""From words to cues, vectors, terms and links."""
