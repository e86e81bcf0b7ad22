/** Benchmarks; sees everything, and nothing sees it. */
module org.memarium.bench {
  requires static transitive org.jspecify;
  requires io.netty.buffer;
  requires jmh.core;
  requires org.memarium.hardware;
  requires org.memarium.kernel;
  requires org.memarium.mm;
}
