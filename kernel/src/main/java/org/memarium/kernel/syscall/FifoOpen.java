package org.memarium.kernel.syscall;

import org.memarium.kernel.vfs.FifoOpening;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.wait.SleepingCall;

/** The wait of an open(2) for who opens the other end of a named pipe. */
final class FifoOpen implements SleepingCall {
  private final FifoOpening opening;
  private boolean finished;

  private FifoOpen(FifoOpening opening) {
    this.opening = opening;
  }

  /** The result of an open: as it is, or after a wait. */
  static long waited(Kernel kernel, long result) {
    if (result != OpenFile.WOULD_BLOCK) {
      return result;
    }
    FifoOpening opening = kernel.files().takeUnfinishedOpening();
    return kernel.sleep(new FifoOpen(opening), opening.queue());
  }

  @Override
  public long tryAgain() {
    if (!opening.hasPartner()) {
      return ASLEEP;
    }
    finished = true;
    return opening.finish();
  }

  @Override
  public void ended() {
    if (!finished) {
      opening.giveUp();
    }
  }

  @Override
  public String what() {
    return opening + ": for the other end";
  }
}
