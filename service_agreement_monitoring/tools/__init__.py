"""What a door knows: who may come in, and what the formats say. Plain Python."""
