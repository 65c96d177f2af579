"""Projects, as far as clients ask for them before they begin: Resource Manager and Service Usage."""
