/** The doors: the {@code memarium} command. */
module org.memarium.app {
  requires static transitive org.jspecify;
  requires info.picocli;
  requires jdk.unsupported;
  requires org.jline;
  requires org.memarium.kernel;
  requires org.memarium.malloc;
  requires tools.jackson.core;

  exports org.memarium.app;

  // picocli reads and sets the fields of the commands.
  opens org.memarium.app to
      info.picocli;
}
