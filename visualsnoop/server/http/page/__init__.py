"""The page for people: its files, its sessions, and what only it asks of the service.

Everything else that it does, it does by the operations of the contract. docs/page.md describes
both.
"""
