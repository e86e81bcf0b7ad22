package org.memarium.hardware;

/**
 * What the TLBs did since the machine was made. Every number is a plain count.
 *
 * @param dataHits data accesses that the TLB answered
 * @param dataMisses data accesses that needed a walk
 * @param fetchHits instruction fetches (one a basic block) that the instruction TLB answered
 * @param fetchMisses instruction fetches that needed a walk
 * @param walks page walks, failed ones and those that only set the dirty bit included
 * @param faults walks that ended in a page fault
 * @param flushesByCr3 flushes of all but global translations, by a load of CR3
 * @param flushesOfAll flushes of everything, global translations included
 * @param invalidations single pages dropped by {@code invlpg}
 */
public record TlbStatistics(
    long dataHits,
    long dataMisses,
    long fetchHits,
    long fetchMisses,
    long walks,
    long faults,
    long flushesByCr3,
    long flushesOfAll,
    long invalidations) {
  /** Hits among all accesses, from 0 to 1; 1 where there was none. */
  public double hitRate() {
    long hits = dataHits + fetchHits;
    long all = hits + dataMisses + fetchMisses;
    return all == 0 ? 1 : (double) hits / all;
  }

  /** What happened after {@code earlier} was taken from the same MMU. */
  public TlbStatistics since(TlbStatistics earlier) {
    return new TlbStatistics(
        dataHits - earlier.dataHits,
        dataMisses - earlier.dataMisses,
        fetchHits - earlier.fetchHits,
        fetchMisses - earlier.fetchMisses,
        walks - earlier.walks,
        faults - earlier.faults,
        flushesByCr3 - earlier.flushesByCr3,
        flushesOfAll - earlier.flushesOfAll,
        invalidations - earlier.invalidations);
  }
}
