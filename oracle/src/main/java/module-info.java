/** Checks against the kernel of the host. */
module org.memarium.oracle {
  requires static transitive org.jspecify;
  requires org.memarium.kernel;
}
