package org.memarium.hardware;

/**
 * Resolves page faults in place, on behalf of the operating system.
 *
 * <p>The {@link Mmu} asks it in the middle of an access, before anything has changed, and walks
 * again if it says so. That has the outcome of a fault, a handler and a restarted instruction,
 * without unwinding: an instruction touches all its memory before it changes state.
 */
@FunctionalInterface
public interface PageFaultHandler {
  /**
   * Tries to make the access possible.
   *
   * @param linearAddress the address that has no translation, or one that forbids the access
   * @param errorCode bits as in {@link PageFaultCode}
   * @return true to walk again; false to raise #PF in the program
   */
  boolean pageFault(long linearAddress, int errorCode);
}
