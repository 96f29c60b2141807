"""What three services have in common and a project about parcels would need just the same."""
