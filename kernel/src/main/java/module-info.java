/** The operating system around the memory manager. */
module org.memarium.kernel {
  requires static transitive org.jspecify;
  requires transitive org.memarium.cpu;
  requires transitive org.memarium.hardware;
  requires transitive org.memarium.mm;

  exports org.memarium.kernel;
  exports org.memarium.kernel.error;
  exports org.memarium.kernel.futex;
  exports org.memarium.kernel.ipc;
  exports org.memarium.kernel.oom;
  exports org.memarium.kernel.process;
  exports org.memarium.kernel.procfs;
  exports org.memarium.kernel.syscall;
  exports org.memarium.kernel.tty;
  exports org.memarium.kernel.vfs;
  exports org.memarium.kernel.wait;
}
