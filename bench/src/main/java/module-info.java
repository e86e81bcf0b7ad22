/** Benchmarks; sees everything, and nothing sees it. */
module org.memarium.bench {
  requires static transitive org.jspecify;
  requires io.netty.buffer;
  requires java.desktop;
  requires java.management;
  requires jmh.core;
  requires org.memarium.hardware;
  requires org.memarium.kernel;
  requires org.memarium.malloc;
  requires org.memarium.mm;
  requires xchart;
}
