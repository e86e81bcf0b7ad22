package org.memarium.mm.fault;

import org.memarium.mm.space.MmStruct;

/** {@code handle_mm_fault}: gives a page at the last moment. One a machine. */
@SuppressWarnings({"DoNotCallSuggester", "UnusedVariable"})
public final class FaultHandler {
  FaultHandler() {}

  /**
   * A page fault of the program, or of the kernel on its behalf ({@code do_user_addr_fault}).
   *
   * @param errorCode bits as in {@link org.memarium.hardware.PageFaultCode}
   * @return what became of it; of a fault that is not handled nothing has changed
   */
  public FaultResult handleMmFault(MmStruct mm, long linearAddress, int errorCode) {
    throw new UnsupportedOperationException("lands next");
  }

  /**
   * {@code get_user_pages} of one page: faults it in as an access would, and says where it is. The
   * kernel writes a new program's arguments this way, before its page tables are loaded.
   *
   * @param write whether the page must be writable, and is marked dirty
   * @return the frame, or -EFAULT or -ENOMEM
   */
  public int getUserPage(MmStruct mm, long linearAddress, boolean write) {
    throw new UnsupportedOperationException("lands next");
  }

  /** What became of the latest fault. */
  public FaultResult lastResult() {
    throw new UnsupportedOperationException("lands next");
  }
}
