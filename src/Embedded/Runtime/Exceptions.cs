namespace Orleans.Runtime;

/// <summary>Base of the engine's own failures.</summary>
[GenerateSerializer]
public class OrleansException : Exception
{
    public OrleansException() : base("Unexpected error.")
    {
    }

    public OrleansException(string message) : base(message)
    {
    }

    public OrleansException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>The call was refused before a grain ran it: it may be tried again.</summary>
[GenerateSerializer]
public class OrleansMessageRejectionException : OrleansException
{
    internal OrleansMessageRejectionException(string message) : base(message)
    {
    }

    internal OrleansMessageRejectionException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>The silo of the called grain died. Whether the call took effect is unknown.</summary>
[GenerateSerializer]
public sealed class SiloUnavailableException : OrleansMessageRejectionException
{
    public SiloUnavailableException() : base("Silo unavailable")
    {
    }

    public SiloUnavailableException(string msg) : base(msg)
    {
    }

    public SiloUnavailableException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
