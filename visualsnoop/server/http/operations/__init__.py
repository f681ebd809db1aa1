"""The operations of the contract, by its tags. Each takes a request and the key that signed it."""
