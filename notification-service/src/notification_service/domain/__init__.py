"""What a notice is, who is told and how it reads: the rules, without any machinery."""
