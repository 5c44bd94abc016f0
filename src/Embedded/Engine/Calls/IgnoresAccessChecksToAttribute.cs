namespace System.Runtime.CompilerServices;

/// <summary>Known to the runtime by name: lets the proxies implement interfaces that are internal to their assembly.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    public string AssemblyName { get; } = assemblyName;
}
