/** Checks against the kernel of the host. */
module org.memarium.oracle {
  requires static transitive org.jspecify;
  requires info.picocli;
  requires org.memarium.kernel;

  // picocli reads and sets the fields of the command.
  opens org.memarium.oracle to
      info.picocli;
}
