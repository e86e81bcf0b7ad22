/** The processor: x86 decoding and execution; knows the MMU, and nothing of Linux. */
module org.memarium.cpu {
  requires static transitive org.jspecify;
  requires transitive org.memarium.hardware;

  exports org.memarium.cpu;
  exports org.memarium.cpu.x87;
}
