"""Search: ranking by what people type (`rank`), did-you-mean (`suggest`), and the index that answers (`index`)."""
