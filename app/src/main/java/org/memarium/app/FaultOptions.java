package org.memarium.app;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.FaultInjection;
import picocli.CommandLine.Option;

/** The options that make things fail on purpose. */
final class FaultOptions {
  private static final String FORM = "INTERVAL,PROBABILITY,SPACE,TIMES";

  @Option(
      names = "--failslab",
      paramLabel = FORM,
      description = {
        "Refuses objects of slabs on purpose, as Linux's boot option does: of INTERVAL requests one,"
            + " in PROBABILITY of 100 cases, after SPACE bytes, TIMES in all or -1 for ever."
      })
  private @Nullable String failSlab;

  @Option(
      names = "--fail-page-alloc",
      paramLabel = FORM,
      description = "Refuses pages on purpose, in the same way.")
  private @Nullable String failPageAlloc;

  @Option(
      names = "--fail-make-request",
      paramLabel = FORM,
      description = {
        "Lets the disks fail to move a page, in the same way: those for swap, and that of the files,"
            + " from which only pages come that are not cached (--cold-files). 9,100,0,1 is the"
            + " ninth page only."
      })
  private @Nullable String failMakeRequest;

  /** What they say. */
  FaultInjection injection() {
    return new FaultInjection(failSlab, failPageAlloc, failMakeRequest);
  }
}
