using Nexus.Link;

namespace Nexus.MediaNode.Engine;

/// <summary>A session's state changed.</summary>
public sealed record SessionStateChanged(string Id, SessionState State, string? Reason) : LoopEvent;
