/** The doors: the {@code memarium} command. */
module org.memarium.app {
  requires static transitive org.jspecify;
  requires info.picocli;
  requires org.memarium.kernel;
  requires tools.jackson.databind;
}
