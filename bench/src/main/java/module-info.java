/** Benchmarks; sees everything, and nothing sees it. */
module org.memarium.bench {
  requires static transitive org.jspecify;
}
