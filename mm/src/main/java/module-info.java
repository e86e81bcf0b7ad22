/** Linux's {@code mm/}: frames, page tables, page cache, address spaces, faults. */
module org.memarium.mm {
  requires static transitive org.jspecify;
  requires transitive org.memarium.hardware;

  exports org.memarium.mm;
}
