/** User-space allocators, and readers of heaps. */
module org.memarium.malloc {
  requires static transitive org.jspecify;
  requires transitive org.memarium.kernel;

  exports org.memarium.malloc;
  exports org.memarium.malloc.heap;
  exports org.memarium.malloc.trace;
}
