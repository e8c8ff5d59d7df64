"""What a run is: its context, its shards, how they ended, and what it left."""
