"""The rules: types of notice, participants and recipients, access, texts. Standard library only."""
