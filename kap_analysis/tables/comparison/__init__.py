"""Tables of group versus individual."""
