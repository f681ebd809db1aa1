"""The self-hosted VisualSnoop service: an ASGI application over PostgreSQL with pgvector."""
