namespace Nexus.Embedded;

/// <summary>The result of calls that have none.</summary>
internal readonly struct Nothing;
