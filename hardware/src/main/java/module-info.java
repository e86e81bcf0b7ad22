/** What silicon does: RAM, segmentation, the page walk and the TLB. */
module org.memarium.hardware {
  requires static transitive org.jspecify;

  exports org.memarium.hardware;
}
