"""What the benchmarks and the demo share: an origin, a link, a corpus, a stop-watch and a pen."""
