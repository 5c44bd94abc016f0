using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>Somebody else wrote the state since this activation read it. The activation that sees this is deactivated.</summary>
[GenerateSerializer]
public class InconsistentStateException : OrleansException
{
    public InconsistentStateException()
    {
    }

    public InconsistentStateException(string message) : base(message)
    {
    }

    public InconsistentStateException(string message, Exception? innerException) : base(message, innerException!)
    {
    }

    public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag, Exception? storageException = null)
        : base(errorMsg, storageException!)
    {
        StoredEtag = storedEtag;
        CurrentEtag = currentEtag;
    }

    [Id(1)]
    public string? StoredEtag { get; private set; }

    [Id(2)]
    public string? CurrentEtag { get; private set; }

    [Id(0)]
    internal bool IsSourceActivation { get; set; } = true;
}
